/**
 * A map from lists of values: one step a value, and no list or text made to look something up. At ten thousand a second,
 * keys of text put together of parts are most of what a batch throws away.
 */
export type Value = string | number | boolean | undefined;

/** Where a list of values ends, and where longer ones go on. Lists of one use are of one length. */
export class ByValues<Held> {
  held: Held | undefined;
  #next: Map<Value, ByValues<Held>> | undefined;

  /** Made where it is not there. */
  at(value: Value): ByValues<Held> {
    // The last of a list has none.
    this.#next ??= new Map();
    const known = this.#next.get(value);
    if (known) return known;
    const made = new ByValues<Held>();
    this.#next.set(value, made);
    return made;
  }
}
