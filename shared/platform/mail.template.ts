/** Mail templates: text and HTML with `{{placeholders}}`, one list of `{{#items}}…{{/items}}`, and nothing else. */
export interface Template {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export type Values = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{\{(\w+)\}\}/g;
const LIST = /\{\{#items\}\}([\s\S]*?)\{\{\/items\}\}/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as it is written in HTML. */
export function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function oneLine(value: string): string {
  return value.replace(/\s+/g, ' ');
}

/** A text with its placeholders filled in, as they are. Throws for one that has no value. */
export function filledText(text: string, values: Values, write: (value: string) => string = (value) => value): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template has a placeholder {{${name}}} that nothing fills`);
    return write(value);
  });
}

/** The names of a text's placeholders. */
export function placeholdersOf(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => name ?? []);
}

/**
 * A template with its placeholders filled in, escaped where it is HTML; `items` are the entries of its list. Throws for a
 * placeholder that has no value.
 */
export function filled(template: Template, values: Values, items: readonly Values[] = []): Template {
  const fill = (text: string, write?: (value: string) => string) => {
    const [before = '', entry, after = ''] = text.split(LIST);
    if (entry === undefined) return filledText(before, values, write);
    // Part by part, so that a value that looks like a placeholder stays what it is.
    const entries = items.map((item) => filledText(entry, item, write));
    return [filledText(before, values, write), ...entries, filledText(after, values, write)].join('');
  };
  return { subject: fill(template.subject, oneLine), text: fill(template.text), html: fill(template.html, escaped) };
}
