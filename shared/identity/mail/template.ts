/** Mail templates: text and HTML with `{{placeholders}}`, and nothing else. */
export interface Template {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const PLACEHOLDER = /\{\{(\w+)\}\}/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A template with its placeholders filled in, escaped where it is HTML. Throws for one that has no value. */
export function filled(template: Template, values: Readonly<Record<string, string>>): Template {
  const fill = (text: string, write: (value: string) => string) =>
    text.replace(PLACEHOLDER, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`The template has a placeholder {{${name}}} that nothing fills`);
      return write(value);
    });
  const plain = (value: string) => value;
  return {
    subject: fill(template.subject, (value) => value.replace(/\s+/g, ' ')),
    text: fill(template.text, plain),
    html: fill(template.html, escaped),
  };
}

/** What all HTML mails share. */
export function page(content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;padding:24px;background:#f4f4f5;font-family:Arial,Helvetica,sans-serif;color:#18181b">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px;line-height:1.5">
${content}
</div>
</body>
</html>
`;
}
