/**
 * Text of a log as it may be shown: one line, and nothing in it that a terminal or a reader's eye obeys. Log
 * fields are hostile: a user agent may hold escape sequences, a model id may turn the direction of writing.
 */
export const printable = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, (control) => (/\s/.test(control) ? " " : control < " " ? symbolOf(control) : "\ufffd"))
    .replace(/[\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|\p{Cs}/gu, "\ufffd");

/** `␛` for an escape character. */
const symbolOf = (control: string): string => String.fromCharCode(0x2400 + control.charCodeAt(0));
