// @kapso/whatsapp-cloud-api as its users use it, moved behind Wharf by a base URL and a token.

import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { facts } from "./facts.js";

facts("kapso", (baseUrl, accessToken, phoneNumberId) => {
  const client = new WhatsAppClient({ baseUrl, accessToken });
  const id = (answer) => answer.messages[0].id;
  return {
    isUnauthorised: (error) => error.httpStatus === 401 && error.code === 190,
    text: async (to, own) =>
      id(await client.messages.sendText({ phoneNumberId, to, body: "ahoi \u26f5", bizOpaqueCallbackData: own })),
    image: async (to) =>
      id(await client.messages.sendImage({ phoneNumberId, to, image: { link: "https://example.com/boat.png", caption: "a boat" } })),
    template: async (to) =>
      id(
        await client.messages.sendTemplate({
          phoneNumberId,
          to,
          template: {
            name: "order_confirmation",
            language: { code: "en_US" },
            components: [{ type: "body", parameters: [{ type: "text", text: "7" }] }],
          },
        }),
      ),
    interactive: async (to) =>
      id(
        await client.messages.sendInteractiveButtons({
          phoneNumberId,
          to,
          bodyText: "Sail today?",
          buttons: [
            { id: "yes", title: "Yes" },
            { id: "no", title: "No" },
          ],
        }),
      ),
    read: (messageId) => client.messages.markRead({ phoneNumberId, messageId }),
    upload: async (file, type) => (await client.media.upload({ phoneNumberId, type, file, fileName: "boat.png" })).id,
    lookup: (mediaId) => client.media.get({ mediaId }),
    // By default it shows its token to nobody who gives out media but its own maker; Meta and Wharf both want to see it.
    download: (mediaId) => client.media.download({ mediaId, auth: "always" }),
    remove: (mediaId) => client.media.delete({ mediaId }),
  };
});
