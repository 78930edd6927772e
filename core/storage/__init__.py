"""What git and Git LFS hold: typed verbs, pointers and objects, the ledger, what it costs on a plan."""
