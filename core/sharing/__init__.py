"""Frames and labels in one file, for somebody who reaches neither the camera nor the remote, and back again."""
