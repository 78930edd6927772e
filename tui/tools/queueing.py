"""The queue: which one, the next of it, the one before, and what is said when none of it is left.

What always holds: after a label that was waiting in the queue the next of it follows, in its order, never round its end;
what is said to be empty was read anew.
"""

from __future__ import annotations

from textual.content import Content

from core.human import plural
from tui.drawing import GOOD
from tui.screens.pick import PickScreen, Row
from tui.screens.queue_texts import rows_of, what_else
from tui.sorting import FIRST, QueueRead, QueuesCounted
from tui.tools.tool import Tool

#: Frames looked through for one without a label while the queue itself is still being read.
_NEAR = 5000


class Queueing(Tool):
    """What is worked through."""

    _list: PickScreen | None = None
    #: Where a person wants to go as soon as the queue is known: its beginning (0), or by so many.
    _wanted: int | None = None
    _read_again = False
    _telling = False

    # --- going on -----------------------------------------------------------------------------------------------

    def do_queue_next(self) -> None:
        self._go(1)

    def do_queue_previous(self) -> None:
        self._go(-1)

    def _go(self, by: int) -> None:
        queue, state = self.state.queue, self.state
        if queue is None:
            self._without(by)
            return
        at = queue.go(state.cursor, by)
        if at is not None:
            self._read_again = False
            self.desk.moved(state.go(at), "This is the only frame of the queue that waits.")
        elif not self._read_again and queue.order:
            self._read_again, self._wanted = True, by  # others may have come since
            self.desk.pm.sorter.queue()
        else:
            self._empty()

    def _without(self, by: int) -> None:
        """The queue is still being read: what is near is gone to at once, the rest when it is known."""
        if self.state.queue_id == FIRST and by > 0:
            at = self.state.near_unlabelled(_NEAR)
            if at is not None:
                self.desk.moved(self.state.go(at), "This is the only frame without a label.")
                return
        if self.state.frames:
            self._wanted = by
            self.desk.notice("The queue is being read …")

    def advance(self) -> bool:
        queue = self.state.queue
        if queue is None or self.state.cursor not in queue.fresh:
            return False
        at = queue.go(self.state.cursor, 1, round_=False)
        if at is not None:
            self.state.go(at)
        elif queue.left:
            self.desk.notice(f"The end of the queue: {plural(queue.left, 'frame')} before here wait.", "n")
        else:
            self._empty()
        return True

    def _empty(self) -> None:
        """Say that nothing of the queue is left, and what else waits as soon as that is known."""
        self._read_again, self._telling = False, True
        self.desk.pm.sorter.count()
        self._say_empty("")

    def _say_empty(self, else_: str) -> None:
        queue, state = self.state.queue, self.state
        if queue is None:
            return
        what = queue.kind.empty
        if state.queue_id == FIRST:
            what = f"Every frame has a label for {state.task.name}."
            else_ = else_ or "Release the draft: V, then R."
        self.desk.notice(what, else_, GOOD)

    # --- choosing -----------------------------------------------------------------------------------------------

    def do_queues(self) -> None:
        self.desk.end()
        self._list = PickScreen("queues", (), self._chosen)
        self.desk.pm.push_screen(self._list)
        self.desk.pm.sorter.count()
        self._fill()

    def _fill(self) -> None:
        """Show the counts that are known."""
        if self._list is None or not self._list.is_mounted:
            return
        counted, state = self.state.queues, self.state
        rows: list[Row] = rows_of(counted.queues, state.task, state.queue_id) if counted else []
        last = "" if counted and counted.done else "counting …"
        if counted and counted.done and not rows:
            last = "Nothing waits: there is no frame."
        self._list.show_rows(rows, Content(last), first=rows[0].id if rows else "")

    def _chosen(self, id_: str) -> None:
        self.desk.pm.sorter.choose(id_)
        self._wanted = 0
        self.desk.screen.show_state()

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        match result:
            case QueueRead() if self.state.queue is result.queue:
                self._was_read()
            case QueuesCounted():
                self._fill()
                if result.done and self._telling:
                    self._telling = False
                    self._say_empty(what_else(result.queues, self.state.queue_id))

    def _was_read(self) -> None:
        """Go where a person wanted to go when the queue was not known yet."""
        queue, by, self._wanted = self.state.queue, self._wanted, None
        if queue is None or by is None:
            return
        at = queue.go(self.state.cursor, by) if by else queue.begin(self.state.cursor)
        if at is None:
            self._empty()
            return
        self._read_again = False
        self.desk.view.notify_line(None)
        self.state.go(at)
