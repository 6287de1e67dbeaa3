import { page, type Template } from './template.ts';

export const passwordResetMail: Template = {
  subject: 'Set a new password for Marquee',
  text: `Hello {{name}},

somebody, hopefully you, asked for a new password for {{username}}.

Set one with this link; it works once, until {{expiresAt}} (UTC):

{{link}}

It signs you out everywhere. If it was not you, ignore this: your password stays as it is.
`,
  html: page(`<p>Hello {{name}},</p>
<p>somebody, hopefully you, asked for a new password for <strong>{{username}}</strong>.</p>
<p><a href="{{link}}" style="display:inline-block;padding:10px 18px;background:#18181b;color:#ffffff;border-radius:6px;text-decoration:none">Set a new password</a></p>
<p style="word-break:break-all;font-size:13px">{{link}}</p>
<p>The link works once, until {{expiresAt}} (UTC), and signs you out everywhere. If it was not you, ignore this: your password stays as it is.</p>`),
};
