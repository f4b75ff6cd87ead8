// [data-toggle="id"]: switches the class data-toggle-class on the target's parent, or hides and shows the target.
// [data-blurred]: an image that is shown when somebody asks for it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle]");
  if (button) {
    const target = document.getElementById(button.dataset.toggle);
    if (!target) return;
    if (button.dataset.toggleClass) target.parentElement.classList.toggle(button.dataset.toggleClass);
    else target.hidden = !target.hidden;
    button.setAttribute("aria-expanded", String(target.getClientRects().length > 0));
    return;
  }
  const blurred = event.target.closest("[data-blurred]");
  if (blurred) blurred.dataset.blurred = blurred.dataset.blurred === "shown" ? "" : "shown";
});
