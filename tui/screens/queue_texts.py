"""The words of the queue: its name and place, the list to choose from, what is said when it is empty. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.human import count
from core.text import safe
from tui.drawing import BOLD, DIM, WARN, class_mark
from tui.screens.pick import Row

if TYPE_CHECKING:
    from core.labels.queues import Queue
    from core.labels.views import View
    from core.tasks import Task
    from tui.state import State

#: What the ids of named views begin with among those of queues.
VIEW = "view:"


def name_of(state: State) -> str:
    """The name of the queue in use."""
    if state.queue is not None:
        return state.queue.kind.name
    return state.queue_id.removeprefix("class:")


def place_in(state: State) -> str:
    """'12 of 15 · 3 done': the place of the frame in the queue, and how much is decided.

    '12 left · 3 done' where the frame is not in it.
    """
    queue = state.queue
    if queue is None or not queue.total:
        return left_in(state)
    number = queue.number(state.cursor) if state.frames and queue.left else None
    done = f" · {count(queue.done)} done" if queue.done else ""
    return (f"{count(number)} of {count(queue.total)}" if number else left_in(state)) + done


def left_in(state: State) -> str:
    """'12 left': how much of the queue waits."""
    queue = state.queue
    if queue is None:
        return "…"
    if not queue.total:
        return "none"
    return f"{count(queue.left)} left" if queue.left else "none left"


def queue_line(state: State, width: int) -> Content:
    """'queue: disagreements 12 of 15 · 3 done', where that is too long 'queue: disagreements · 12 left'."""
    name, place, head, between = name_of(state), place_in(state), "queue: ", " "
    if len(head) + len(name) + 1 + len(place) > width or place.startswith(left_in(state)):
        place, between = left_in(state), " · "
    if len(head) + len(name) + len(between) + len(place) > width:
        head = ""
    room = max(4, width - len(head) - len(place) - len(between))
    return Content.assemble((head, DIM), safe(name, limit=room), between, place)


def queue_heads(state: State) -> list[Content]:
    """The place in the queue; below it, where a filter is on, the place among the frames it lets through."""
    lines = [Content(place_in(state))]
    if state.filtering:
        lines.append(Content.styled("filtering …", WARN))
    elif state.filter:
        at = f"{count(state.cursor + 1)}/{count(len(state.frames))}" if state.frames else "none"
        lines.append(Content.assemble((at, BOLD), (f" · {safe(state.filter, limit=40)}", DIM)))
    return lines


def rows_of(queues: tuple[Queue, ...], task: Task, chosen: str) -> list[Row]:
    """The list of queues: the suggested one, where one is, and the one in use say so."""
    rows: list[Row] = []
    for queue in queues:
        word = class_mark(task, queue.name) if queue.id.startswith("class:") else Content(queue.name)
        if queue.suggested and queue.id != "suggested":
            word += Content.styled(" ← suggested", "bold $accent")
        if queue.id == chosen:
            word += Content.styled(" (in use)", DIM)
        head = "labelled as" if queue.id.startswith("class:") else "everything" if queue.id == "all" else ""
        if any(row.head == head for row in rows):
            head = ""
        rows.append(Row(queue.id, word, count(queue.count), queue.why, head))
    return rows


def rows_of_views(views: tuple[View, ...]) -> list[Row]:
    """The views that have a name, below the queues."""
    return [
        Row(
            f"{VIEW}{view.name}",
            Content(safe(view.name, limit=40)),
            why=safe(" · ".join(filter(None, (view.filter, view.queue.removeprefix("class:")))), limit=34),
            head="kept views" if at == 0 else "",
            own=True,
        )
        for at, view in enumerate(views)
    ]


def what_else(queues: tuple[Queue, ...], but: str) -> str:
    """'Else there wait: uncertain 12, flips 3 (;).': the first queues of work that hold something."""
    work = [q for q in queues if q.id != but and q.id != "all" and not q.id.startswith("class:")]
    work = [q for q in work if q.id not in ("random", "around")][:3]
    if not work:
        return ""
    named = ", ".join(f"{queue.name} {count(queue.count)}" for queue in work)
    return f"Else there wait: {named} (;)."
