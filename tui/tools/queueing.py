"""The queue: which one, the next of it, the one before, and what is said when none of it is left.

What always holds: after a label that was waiting in the queue the next of it follows, in its order, never round its end;
what is said to be empty was read anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.errors import PrintModelsError
from core.human import plural
from core.text import safe
from tui.drawing import GOOD
from tui.label_messages import ViewsRead
from tui.messages import Failed
from tui.screens.pick import PickScreen
from tui.screens.queue_texts import VIEW, rows_of, rows_of_views, what_else
from tui.screens.said_texts import MADE
from tui.sorting import FIRST, QueueRead, QueuesCounted
from tui.tools.tool import Tool

if TYPE_CHECKING:
    from core.labels.views import View

#: Frames looked through for one without a label while the queue itself is still being read.
_NEAR = 5000


class Queueing(Tool):
    """What is worked through."""

    _list: PickScreen | None = None
    #: Where a person wants to go as soon as the queue is known: its beginning (0), or by so many.
    _wanted: int | None = None
    _read_again = False
    #: What was said until the queue is known.
    _reading: Content | None = None
    #: What was said of the empty queue, until what else waits is added to it.
    _telling: Content | None = None
    _views: tuple[View, ...] = ()
    _named = ""

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
            self._reading = self.desk.notice("The queue is being read …")

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
        self._read_again = False
        self.desk.pm.sorter.count()
        self._telling = self._say_empty("")

    def _say_empty(self, else_: str) -> Content | None:
        queue, state = self.state.queue, self.state
        if queue is None:
            return None
        what = queue.kind.empty
        if state.queue_id == FIRST:
            what = f"Every frame has a label for {state.task.name}."
            else_ = else_ or "Release the draft: V, then R."
        found = state.suggestions
        if state.queue_id in MADE and found is not None and found.hint:
            what, else_ = f"{what} {found.hint}", else_
        return self.desk.notice(what, else_, GOOD)

    # --- choosing -----------------------------------------------------------------------------------------------

    def do_queues(self) -> None:
        self._list = PickScreen("queues", (), self._chosen, last="counting …", drop=self._drop)
        self.desk.pm.push_screen(self._list)
        self.desk.pm.sorter.count()
        self.bridge.views()

    def _fill(self) -> None:
        """Show the counts and the views that are known."""
        if self._list is None or not self._list.is_mounted:
            return
        counted, state = self.state.queues, self.state
        rows = rows_of(counted.queues, state.task, state.queue_id) if counted else []
        first = rows[0].id if rows else ""
        rows += rows_of_views(self._views)
        last = "" if counted and counted.done else "counting …"
        if counted and counted.done and not counted.queues:
            last = "Nothing waits: there is no frame."
        self._list.show_rows(rows, last, first=first)

    def _chosen(self, id_: str) -> None:
        self.desk.give_way()
        self.desk.pm.sorter.stop_counting()  # what was chosen is read behind that
        view = next((view for view in self._views if id_ == f"{VIEW}{view.name}"), None)
        if view is not None:
            self._show_view(view)
        else:
            self.desk.pm.sorter.choose(id_)
        self._wanted = 0
        self.desk.screen.show_state()

    # --- views that have a name ---------------------------------------------------------------------------------

    def do_keep_view(self) -> None:
        if not self.desk.refused("Not kept:"):
            self.desk.ask("", self._name, hint="a name for this filter and queue")

    def _name(self, name: str) -> bool:
        state = self.state
        if name:
            self._named = name
            self.bridge.keep_named(name, state.filter, state.queue_id, state.task.name)
        return True

    def _show_view(self, view: View) -> None:
        state, app = self.state, self.desk.pm
        task = state.workspace.tasks.get(view.task, state.task)
        if task.name != state.task.name:
            app.to_task(task)
        app.sorter.choose(view.queue or FIRST)
        try:
            app.sorter.filter(view.filter)
        except PrintModelsError as error:
            self.desk.notice(error.what, error.remedy)

    def _drop(self, id_: str) -> None:
        self.bridge.drop_named(id_.removeprefix(VIEW))

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        match result:
            case QueueRead() if self.state.queue is result.queue:
                self._was_read()
            case ViewsRead():
                self._views = result.views
                self._fill()
                if self._named and any(view.name == self._named for view in result.views):
                    kept, self._named = self._named, ""
                    self.desk.tell(Content.assemble(("kept ", GOOD), safe(kept, limit=20), " (;)"))
            case Failed(job="views"):
                self._named = ""
                self.desk.notice(result.what, result.remedy)
            case QueuesCounted():
                self._fill()
                if result.done and self._telling is not None:
                    said, self._telling = self._telling, None
                    if self.desk.still_said(said):
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
        self.desk.unsay(self._reading)
        self.state.go(at)
