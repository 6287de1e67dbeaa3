import { page, type Template } from './template.ts';

export const invitationMail: Template = {
  subject: 'You are invited to {{organization}} on Marquee',
  text: `Hello {{name}},

{{organization}} invites you to Marquee, where it runs its events.

Accept with this link; it works once, until {{expiresAt}} (UTC):

{{link}}

If you did not expect this, ignore it: nothing happens.
`,
  html: page(`<p>Hello {{name}},</p>
<p><strong>{{organization}}</strong> invites you to Marquee, where it runs its events.</p>
<p><a href="{{link}}" style="display:inline-block;padding:10px 18px;background:#18181b;color:#ffffff;border-radius:6px;text-decoration:none">Accept the invitation</a></p>
<p style="word-break:break-all;font-size:13px">{{link}}</p>
<p>The link works once, until {{expiresAt}} (UTC). If you did not expect this, ignore it: nothing happens.</p>`),
};
