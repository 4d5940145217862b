/** The shelf of collectors: one export line each. */
