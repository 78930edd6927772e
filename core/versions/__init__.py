"""Dataset versions: the draft, its splits, the export, the manifest, the difference, the card, and the proof."""
