// Entry of every page with a chat: the conversation itself and the list of conversations beside it.
import { attachConversation } from "./chat/conversation.js";
import { attachSidebar } from "./chat/sidebar.js";
import { each } from "./ready.js";

each("[data-chat]", attachConversation);
each("[data-app]", attachSidebar);
