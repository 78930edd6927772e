"""A simulated printer and its camera, with the truth known: for trying the tool, for tests, for benchmarks.

Importing this is cheap; numpy and Pillow are loaded when frames are rendered.
"""

from core.demo.camera import simulate
from core.demo.truth import Event, FrameTruth, PrintTruth, Truth, read_truth, write_truth

__all__ = ["Event", "FrameTruth", "PrintTruth", "Truth", "read_truth", "simulate", "write_truth"]
