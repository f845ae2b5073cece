// Views without a kernel: a slider or menu chooses one of the pictures that were made beforehand.
for (const player of document.querySelectorAll(".player")) {
  const data = JSON.parse(player.querySelector("script").textContent);
  const controls = [...player.querySelectorAll("input, select")];
  const image = player.querySelector("img");
  const caption = player.querySelector("figcaption");

  const show = () => {
    let number = 0;
    controls.forEach((control, k) => {
      const positions = data.controls[k].positions;
      const place = Number(control.value);
      number = number * positions.length + place;
      if (control.type === "range") {
        control.setAttribute("aria-valuetext", positions[place]);
        control.nextElementSibling.textContent = positions[place];
      }
    });
    const still = data.stills[number];
    image.width = still.width;
    image.height = still.height;
    image.src = data.folder + still.picture;
    image.alt = caption.textContent = still.caption;
  };

  // On a phone the picture is wider than its frame, which the arrow keys then scroll.
  const frame = player.querySelector(".player-picture");
  new ResizeObserver(() => {
    if (frame.scrollWidth > frame.clientWidth) {
      frame.tabIndex = 0;
      frame.setAttribute("role", "group");
      frame.setAttribute("aria-label", "picture, wider than the page");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name);
    }
  }).observe(frame);

  const fetchAll = () => {
    for (const picture of new Set(data.stills.map((still) => still.picture))) {
      new Image().src = data.folder + picture;
    }
  };

  player.querySelector(".player-controls").hidden = false;
  for (const control of controls) control.addEventListener("input", show);
  // Not before somebody comes near: a page has megabytes of them.
  player.addEventListener("pointerenter", fetchAll, { once: true });
  player.addEventListener("focusin", fetchAll, { once: true });
}
