"""The table of actions: what a person can do on which screen, its keys, a word and a sentence. `tui.keymap` reads it.

What always holds (tests/tui/test_keymap.py): no key has two meanings on one screen, none takes away on one screen what
it only moves on another, and every action that is here is built.
"""

from __future__ import annotations

from dataclasses import dataclass

LABEL, VERSIONS, STORAGE, TRAINING = "label", "versions", "storage", "training"
RELEASE, START, HELP, CONFIRM, LOG = "release", "start", "help", "confirm", "log"
PICK, HISTORY, GUIDE, CALENDAR = "pick", "history", "guide", "calendar"
#: Why a label is doubted.
EVIDENCE = "evidence"
#: What a first push makes readable, in pictures, before a person says yes to it.
SHEET = "sheet"
#: The screens a person switches between with an upper-case letter.
PLACES = (LABEL, VERSIONS, STORAGE, TRAINING)
#: The screens that lie over one of those and are left again.
OVERLAYS = (RELEASE, START, HELP, LOG, HISTORY, GUIDE, EVIDENCE)
#: The screens whose text scrolls by keys; on Versions and Training the arrows choose a row instead.
SCROLLING = (VERSIONS, STORAGE, TRAINING, *OVERLAYS)
LINES = (STORAGE, *OVERLAYS)
#: Where space and b turn a page; on Versions they hold back and choose the base.
PAGED = (STORAGE, TRAINING, *OVERLAYS)

EVERYDAY, REVIEW, EXPERT = "Everyday", "Review", "Expert"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do: its keys, a word for the footer, a sentence for the help, and where it works.

    `footer` orders the footer (0: not in it). `moves` marks what only looks elsewhere, `takes` what takes something
    away or can't be taken back. `fixed` actions keep their keys, whatever a person's settings say. An action without
    keys is in the palette.
    """

    id: str
    keys: tuple[str, ...]
    word: str
    help: str
    screens: tuple[str, ...]
    group: str = EVERYDAY
    footer: int = 0
    moves: bool = False
    takes: bool = False
    fixed: bool = False


# One row an action: id, keys, word, sentence, screens, group, rank in the footer.
# fmt: off
ACTIONS: tuple[Action, ...] = (
    # Moving through the frames.
    Action("next", ("right", "l"), "next", "the next frame", (LABEL,), moves=True),
    Action("previous", ("left", "h"), "back", "the frame before", (LABEL,), moves=True),
    Action("ten_on", ("down", "j"), "ten on", "ten frames on", (LABEL,), moves=True),
    Action("ten_back", ("up", "k"), "ten back", "ten frames back", (LABEL,), moves=True),
    Action("recording_next", ("pagedown", "right_square_bracket"), "next recording", "the next recording",
           (LABEL,), moves=True),
    Action("recording_previous", ("pageup", "left_square_bracket"), "recording back",
           "the start of this recording, then the one before", (LABEL,), moves=True),
    Action("first", ("home",), "first", "the first frame", (LABEL,), moves=True),
    Action("last", ("end",), "last", "the last frame", (LABEL,), moves=True),
    # Labelling.
    Action("queue_next", ("n",), "next", "the next frame of the queue that waits", (LABEL,), footer=3, moves=True),
    Action("queue_previous", ("N",), "queue back", "the frame of the queue before that waits", (LABEL,), moves=True),
    Action("queues", ("semicolon",), "queues", "choose the queue that is worked through, each with its count", (LABEL,),
           moves=True),
    # What is no class: put aside, nobody can tell, left out; a note, an example.
    Action("skip", ("s",), "skip", "put the frame, or what is marked, aside until it is labelled; again: take that back",
           (LABEL,)),
    Action("unsure", ("w",), "unsure", "nobody can tell: out of every version until it is decided; again: take that back",
           (LABEL,)),
    Action("exclude", ("e",), "exclude", "leave the frame, or what is marked, out with a reason; again: take that back",
           (LABEL,)),
    Action("note", ("number_sign",), "note", "write a note about the frame", (LABEL,), REVIEW),
    Action("pin", ("asterisk",), "pin", "pin the frame as an example of its class; again: take it down", (LABEL,), REVIEW),
    # Looking at what there is.
    Action("go_to", ("t",), "go to", "go to a day or a time: 11 Nov 08:54, 08:54, -2, yesterday 9:00", (LABEL,), REVIEW,
           moves=True),
    Action("history", ("B",), "history", "what happened to the frame: who labelled it when, and how", (LABEL,), REVIEW,
           moves=True),
    Action("guide", ("i",), "classes", "the classes of the task with their examples", (LABEL,), REVIEW, moves=True),
    Action("calendar", ("y",), "calendar", "a month of days: frames, share labelled, prints, failed", (LABEL,), REVIEW,
           moves=True),
    Action("keep_view", (), "keep this view", "keep the filter and the queue under a name; ; lists it", (LABEL,), REVIEW),
    Action("undo", ("u",), "undo", "take your last labelling step back", (LABEL,), footer=2),
    Action("redo", ("ctrl+r",), "redo", "give back what the last undo took", (LABEL,)),
    Action("clear", ("x",), "clear", "take the label off this frame", (LABEL,), footer=4, takes=True),
    Action("task", ("tab",), "task", "switch to the next task", (LABEL,), footer=5, moves=True),
    Action("filter", ("slash",), "filter", "show only the frames that a filter line lets through", (LABEL,), REVIEW,
           moves=True),
    Action("next_line", ("exclamation_mark",), "what next", "what came since last time, and the next step", (LABEL,)),
    Action("source", ("C",), "camera", "switch to the next camera", (LABEL,), REVIEW, moves=True),
    # Looking at the day, and closer.
    Action("bar_in", ("plus", "equals_sign"), "bars nearer", "the bars from the day to its hours, then to the recording",
           (LABEL,), REVIEW, moves=True),
    Action("bar_out", ("minus",), "bars farther", "the bars back to hours, then to the day", (LABEL,), REVIEW, moves=True),
    Action("difference", ("d",), "what changed", "what changed since the frame before, glowing; and back", (LABEL,),
           REVIEW, moves=True),
    Action("blink", ("c",), "blink", "the frame before in this one's place; and back", (LABEL,), REVIEW, moves=True),
    Action("zoom", ("z",), "zoom", "a part of the picture, moved by the arrows; remembered for each camera", (LABEL,),
           REVIEW, moves=True),
    Action("play", ("p",), "play", "go on frame by frame, as fast as the line carries; any key stops", (LABEL,), REVIEW,
           moves=True),
    # Many frames at once: a stretch, its ends, a bisection, a whole print, what the model said.
    Action("stretch", ("v",), "stretch", "begin a stretch here; move, then a class key paints it as one step", (LABEL,),
           footer=2),
    Action("verdict", ("r",), "verdict", "judge the whole print: fine, failed from where on, not sure; name and note it",
           (LABEL,)),
    Action("edge_later", ("greater_than_sign",), "end later", "move the nearer end of the stretch under the cursor a frame on",
           (LABEL,)),
    Action("edge_earlier", ("less_than_sign",), "end earlier", "move the nearer end of that stretch a frame back", (LABEL,)),
    Action("fill", ("quotation_mark",), "fill the gap",
           "give the unlabelled frames around the cursor the class that both sides of them have", (LABEL,)),
    Action("accept", ("space",), "accept", "accept what is suggested for this frame, or what the model says of it", (LABEL,)),
    Action("accept_stretch", ("enter",), "accept the stretch",
           "accept it for all frames without a label in a row of which the same is said", (LABEL,)),
    Action("accept_sure", ("ampersand", "shift+space"), "accept what is sure",
           "say how much is suggested so surely that it may be taken unseen; again: take it, as one step", (LABEL,)),
    Action("evidence", ("E",), "why", "why the label of the frame is doubted: beside it the labelled frames most alike",
           (LABEL,), REVIEW, moves=True),
    Action("point_next", ("full_stop",), "next change", "the next frame where label, prediction or picture changes",
           (LABEL,), moves=True),
    Action("point_previous", ("comma",), "change back", "the frame before where one of these changes", (LABEL,),
           moves=True),
    Action("bisect", ("b",), "bisect", "find where the class changes: answer for a few frames, both sides are painted",
           (LABEL,)),
    # Versions and releasing.
    Action("release", ("R",), "release", "open the release of the draft: checks, price, steps", (VERSIONS,), REVIEW, 1),
    Action("changes", ("d",), "changes", "every stretch that changes, with pictures; and back to the summary", (VERSIONS,),
           REVIEW, 2, moves=True),
    Action("hold", ("space",), "hold back", "hold the stretch at the cursor back from the next version; again: take it in",
           (VERSIONS,), REVIEW, 3),
    Action("comment", ("number_sign",), "comment", "write on the stretch at the cursor: it goes into card and commit",
           (VERSIONS,), REVIEW, 4),
    Action("frames", ("f",), "frames", "switch between the summary and the list of every changed frame", (VERSIONS,),
           REVIEW, 8, moves=True),
    Action("card", ("c",), "card", "the README of the version, or of the draft as it will be", (VERSIONS,), REVIEW, 6,
           moves=True),
    Action("sound", ("i",), "is it sound", "everything that was looked at in it, the worst first; and back", (VERSIONS,),
           REVIEW, 7, moves=True),
    Action("matrix", ("m",), "labels", "which label became which: arrows choose a cell, enter shows its frames in Label",
           (VERSIONS,), REVIEW, moves=True),
    Action("lineage", ("l",), "lineage", "where it comes from and what came of it: frames, commit, versions, models",
           (VERSIONS,), REVIEW, moves=True),
    Action("splits", ("s",), "splits", "which recording is on which side and why, and what is too few", (VERSIONS,), REVIEW,
           moves=True),
    Action("impact", ("e",), "impact", "what its labels fix and break, asked of a small model; enter shows those frames in Label",
           (VERSIONS,), REVIEW, moves=True),
    Action("base", ("b",), "base", "choose what it is compared with", (VERSIONS,), REVIEW, moves=True),
    Action("version_down", ("down", "j"), "below", "the version, stretch or frame below", (VERSIONS, SHEET), REVIEW,
           moves=True),
    Action("version_up", ("up", "k"), "above", "the version, stretch or frame above; the first version is the draft",
           (VERSIONS, SHEET), REVIEW, moves=True),
    Action("cell_right", ("right",), "right", "among the labels the cell to the right", (VERSIONS,), REVIEW, moves=True),
    Action("cell_left", ("left",), "left", "among the labels the cell to the left", (VERSIONS,), REVIEW, moves=True),
    Action("hunk_recording", ("right_square_bracket",), "next recording", "the first stretch of the next recording",
           (VERSIONS,), REVIEW, moves=True),
    Action("hunk_back", ("left_square_bracket",), "recording back", "the first stretch of this recording, then the one before",
           (VERSIONS,), REVIEW, moves=True),
    Action("check", ("enter",), "check", "read every image of the version again; among stretches and frames show that in Label",
           (VERSIONS,), REVIEW, 8),
    Action("fetch_pictures", ("F",), "fetch", "get the pictures of the stretch at the cursor that only a remote has, after "
           "their size and a Y", (VERSIONS,), REVIEW, 3),
    Action("overview", ("escape", "backspace"), "back", "back to the summary", (VERSIONS,), REVIEW, 9, moves=True),
    Action("rollback", ("X",), "roll back", "take the draft back to the chosen version, as one step, after a Y", (VERSIONS,),
           REVIEW, takes=True),
    Action("further", ("pagedown",), "page on", "a page on", (VERSIONS, SHEET), REVIEW, moves=True),
    Action("backward", ("pageup",), "page back", "a page back", (VERSIONS, SHEET), REVIEW, moves=True),
    Action("next_task", ("tab",), "task", "the versions of the next task", (VERSIONS,), REVIEW, 5, moves=True),
    Action("push", ("p",), "push or not", "choose whether the release is pushed", (RELEASE,), REVIEW, 2),
    Action("confirm", ("Y",), "do it", "confirm what is asked", (RELEASE, CONFIRM, SHEET), REVIEW, 1, takes=True, fixed=True),
    Action("over", ("O",), "push over the plan", "push although it goes over the plan's limit", (RELEASE,), REVIEW, 2,
           takes=True, fixed=True),
    Action("stop_release", ("K",), "stop", "stop the release at the next step", (RELEASE,), REVIEW, 3, takes=True),
    Action("abort", ("A",), "take it back", "take back a release that was interrupted before its tag, after a Y",
           (RELEASE,), REVIEW, 4, takes=True),
    Action("decline", ("n", "escape", "q"), "no", "leave it as it is", (CONFIRM, SHEET), REVIEW, 2, fixed=True),
    Action("unfold", ("enter",), "all of it", "every picture of the row at the cursor; and back to some of them", (SHEET,),
           REVIEW, 3, moves=True),
    # Storage.
    Action("ledger", ("enter",), "ledger", "what takes the room: every version, the models; and back", (STORAGE,),
           REVIEW, 1, moves=True),
    Action("plans", ("p",), "plans", "what it comes to under the plans of hosts; and back", (STORAGE,), REVIEW, 2,
           moves=True),
    Action("reload", ("r",), "measure again", "measure the storage again", (STORAGE,), REVIEW, 3),
    # Training.
    Action("train", ("N",), "new training", "show what a training would do, then start it", (TRAINING,), REVIEW, 1),
    Action("open_frame", ("enter",), "open it", "in the results the frame at the cursor, in Label; else as N", (TRAINING,),
           REVIEW, 2),
    Action("run_down", ("down", "j"), "next", "the training below; in the results the next frame", (TRAINING,), REVIEW, moves=True),
    Action("run_up", ("up", "k"), "back", "the training above; in the results the frame before", (TRAINING,), REVIEW, moves=True),
    Action("stop_training", ("K",), "stop", "stop the training that runs; its best is kept", (TRAINING,), REVIEW, 4,
           takes=True),
    Action("resume", ("r",), "go on", "go on with a training that was stopped, killed or interrupted", (TRAINING,),
           REVIEW, 5),
    Action("promote", ("P",), "promote", "make the training a model version, in one commit", (TRAINING,), REVIEW, 6,
           takes=True),
    Action("promote_use", (), "promote and use", "make the training a model version and the model in use", (TRAINING,),
           REVIEW, takes=True),
    Action("results", ("d",), "results", "per class, per recording, what it got wrong; and back to words and log",
           (TRAINING,), REVIEW, 3, moves=True),
    Action("mistakes", ("f",), "wrong frames", "in Label the frames it got wrong, or mends or breaks against the model in use",
           (TRAINING,), REVIEW, 4, moves=True),
    Action("overlay", ("o",), "overlay", "lay this training's validation curve beside those of others; again: away",
           (TRAINING,), REVIEW, moves=True),
    Action("begin", ("enter",), "start", "start the training with these defaults", (START,), REVIEW, 1),
    Action("value_on", ("right", "l"), "change", "the next value of the setting at the cursor", (START,), REVIEW, 2,
           moves=True),
    Action("value_back", ("left", "h"), "change back", "the value before it", (START,), REVIEW, moves=True),
    Action("other_task", ("tab",), "task", "the defaults for the next task", (START,), REVIEW, 3, moves=True),
    # Reading what is longer than the screen.
    Action("line_on", ("down", "j"), "down", "a line on", LINES, REVIEW, moves=True),
    Action("line_back", ("up", "k"), "up", "a line back", LINES, REVIEW, moves=True),
    Action("page_on", ("pagedown", "space"), "page on", "a page on", PAGED, REVIEW, moves=True),
    Action("page_back", ("pageup", "b"), "page back", "a page back", PAGED, REVIEW, moves=True),
    Action("top", ("home",), "top", "to the beginning", SCROLLING, REVIEW, moves=True),
    Action("bottom", ("end",), "end", "to the end", SCROLLING, REVIEW, moves=True),
    # Choosing one of several.
    Action("pick", ("enter",), "choose", "choose the row at the cursor; its number or letter does too", (PICK,), REVIEW, 1),
    Action("pick_down", ("down", "j"), "below", "the row below", (PICK,), REVIEW, moves=True),
    Action("pick_up", ("up", "k"), "above", "the row above", (PICK,), REVIEW, moves=True),
    Action("drop_view", ("X",), "forget view", "forget the named view at the cursor", (PICK,), REVIEW, 2, takes=True),
    # A month of days.
    Action("open_day", ("enter",), "open", "show the first frame of the day in Label", (CALENDAR,), REVIEW, 1, moves=True),
    Action("day_on", ("right", "l"), "next", "the day after", (CALENDAR,), REVIEW, moves=True),
    Action("day_back", ("left", "h"), "back", "the day before", (CALENDAR,), REVIEW, moves=True),
    Action("week_on", ("down", "j"), "week on", "a week on", (CALENDAR,), REVIEW, moves=True),
    Action("week_back", ("up", "k"), "week back", "a week back", (CALENDAR,), REVIEW, moves=True),
    Action("month_on", ("pagedown",), "month on", "the month after", (CALENDAR,), REVIEW, 11, moves=True),
    Action("month_back", ("pageup",), "month back", "the month before", (CALENDAR,), REVIEW, 12, moves=True),
    # Everywhere.
    Action("go_label", ("L",), "label", "the Label screen", PLACES, footer=20, moves=True, fixed=True),
    Action("go_versions", ("V",), "versions", "the Versions screen", PLACES, footer=21, moves=True, fixed=True),
    Action("go_storage", ("S",), "storage", "the Storage screen", PLACES, footer=22, moves=True, fixed=True),
    Action("go_training", ("T",), "training", "the Training screen", PLACES, footer=23, moves=True, fixed=True),
    Action("help", ("question_mark", "f1"), "help", "this help", (*PLACES, RELEASE, START, LOG), footer=10, fixed=True),
    Action("palette", ("ctrl+p", "colon"), "palette", "find an action by its name; one of another screen leads there", PLACES, EXPERT, fixed=True),
    Action("suspend", ("ctrl+z",), "put aside", "put the app aside; fg in the shell brings it back", PLACES, EXPERT,
           fixed=True),
    Action("git_log", ("at",), "git log", "the git commands that were run here", PLACES, EXPERT, moves=True),
    Action("theme_dark", (), "theme dark", "dark colours, and remember that", PLACES, EXPERT),
    Action("theme_light", (), "theme light", "light colours, and remember that", PLACES, EXPERT),
    Action("theme_contrast", (), "theme high contrast", "black, white and strong colours, and remember that", PLACES,
           EXPERT),
    Action("close", ("escape", "q"), "close", "go back", (*OVERLAYS, PICK, CALENDAR), footer=9, fixed=True),
    Action("quit", ("q", "ctrl+q"), "quit", "leave; labels are saved, trainings go on", PLACES, footer=30, fixed=True),
)
# fmt: on
