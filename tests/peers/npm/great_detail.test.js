// @great-detail/whatsapp as its users use it, moved behind Wharf by a base URL and a token.

import Client from "@great-detail/whatsapp";
import { facts } from "./facts.js";

facts("great-detail", (baseUrl, token, phoneNumberID) => {
  const headers = { Authorization: `Bearer ${token}` };
  const sdk = new Client({ baseUrl, request: { headers } });
  const send = async (message) => (await sdk.message.createMessage({ phoneNumberID, ...message }).json()).messages[0].id;
  return {
    isUnauthorised: (error) => error.response?.status === 401,
    text: (to, own) => send({ to, type: "text", text: { body: "ahoi \u26f5" }, ...(own && { biz_opaque_callback_data: own }) }),
    image: (to) => send({ to, type: "image", image: { link: "https://example.com/boat.png", caption: "a boat" } }),
    template: (to) =>
      send({
        to,
        type: "template",
        template: {
          name: "order_confirmation",
          language: { code: "en_US" },
          components: [{ type: "body", parameters: [{ type: "text", text: "7" }] }],
        },
      }),
    interactive: (to) =>
      send({
        to,
        type: "interactive",
        interactive: {
          type: "button",
          body: { text: "Sail today?" },
          action: {
            buttons: ["Yes", "No"].map((title) => ({ type: "reply", reply: { id: title.toLowerCase(), title } })),
          },
        },
      }),
    read: (message_id) => sdk.message.createStatus({ phoneNumberID, message_id, status: "read" }).json(),
    upload: async (file, mimeType) =>
      (await sdk.media.upload({ phoneNumberID, mimeType, file: new Blob([file], { type: mimeType }), filename: "boat.png" }).json()).id,
    lookup: (mediaID) => sdk.media.getURL({ mediaID }).json(),
    // It downloads without the client's own headers: the token has to be given again, for Meta as for Wharf.
    download: (_, mediaURL) => sdk.media.download({ mediaURL, request: { headers } }).arrayBuffer(),
    remove: (mediaID) => sdk.media.delete({ mediaID }).json(),
  };
});
