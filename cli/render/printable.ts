/**
 * Text of a log as it may be shown: one line, and nothing in it that a terminal or a reader's eye obeys. Log
 * fields are hostile: a user agent may hold escape sequences, a model id may turn the direction of writing.
 */
export const printable = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    .replace(/[\u0000-\u001f]/g, (control) =>
      /\s/.test(control) ? " " : String.fromCharCode(0x2400 + control.charCodeAt(0)),
    )
    .replace(/[\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|\p{Cs}/gu, "\ufffd");
