"""One module a step. A step that was ever released is never changed: it says what databases of its time looked like."""
