"""Who reads, and whether there are enough of them: pure rules over plain values."""
