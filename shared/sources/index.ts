/** The shelf of sources: one export line each. */
