import { page, type Template } from './template.ts';

export const passwordChangedMail: Template = {
  subject: 'Your Marquee password was changed',
  text: `Hello {{name}},

the password of {{username}} was changed at {{at}} (UTC), and other sessions were ended.

If it was not you, ask for a new password at once and tell your administrator.
`,
  html: page(`<p>Hello {{name}},</p>
<p>the password of <strong>{{username}}</strong> was changed at {{at}} (UTC), and other sessions were ended.</p>
<p>If it was not you, ask for a new password at once and tell your administrator.</p>`),
};
