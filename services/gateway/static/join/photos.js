// The list of photos that were sent: each with how it stands and why, and a button that removes it.

import { knows, say } from "./words.js";

const THUMBNAIL_SIDE = 96;
const REMOVABLE = new Set(["indexed", "held", "rejected", "failed"]);

export class PhotoList {
  #list;
  #template;
  #remove;
  #thumbnails = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLTemplateElement} template of one photo
   * @param {(photoId: string) => void} remove
   */
  constructor(list, template, remove) {
    this.#list = list;
    this.#template = template;
    this.#remove = remove;
  }

  /** Remembers what a photo looks like that was just sent; a browser that cannot draw it shows none. */
  async remember(photoId, photo) {
    try {
      const drawn = await thumbnail(photo);
      this.#thumbnails.set(photoId, drawn);
      // shown meanwhile, because somebody looked what became of the others
      [...this.#list.children].find((item) => item.dataset.photo === photoId)?.prepend(drawn);
    } catch (error) {
      console.info("No thumbnail:", error.message);
    }
  }

  /** Shows photos; those that stand as before stay as they are, so that screen readers read news alone. */
  show(photos) {
    const shown = new Map([...this.#list.children].map((item) => [item.dataset.photo, item]));
    const items = photos
      .filter(({ status }) => status !== "removed")
      .map((photo) => {
        const item = shown.get(photo.photo_id);
        return item?.dataset.status === photo.status ? item : this.#item(photo);
      });
    this.#list.replaceChildren(...items);
  }

  #item({ photo_id: photoId, status, reason, message }) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    Object.assign(item.dataset, { photo: photoId, status });
    item.querySelector(".badge").textContent = say(`join.say.status.${status}`);
    const why = reason ? `join.say.reason.${reason}` : `join.say.status.${status}.detail`;
    item.querySelector(".why").textContent = knows(why) ? say(why) : message;
    if (this.#thumbnails.has(photoId)) item.prepend(this.#thumbnails.get(photoId));
    const button = item.querySelector("button");
    button.hidden = !REMOVABLE.has(status);
    button.addEventListener("click", () => this.#remove(photoId, button));
    return item;
  }
}

async function thumbnail(photo) {
  const picture = await createImageBitmap(photo);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMBNAIL_SIDE;
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
  canvas.getContext("2d").drawImage(picture, left, top, side, side, 0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE);
  picture.close();
  return canvas;
}
