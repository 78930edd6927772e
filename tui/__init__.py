"""The terminal app: draws what core says, asks core to do things."""
