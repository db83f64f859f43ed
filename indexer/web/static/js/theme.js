// Runs before anything is painted: the chosen colors, so that no page flashes in the others.
try {
  const chosen = localStorage.getItem("indexer.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden: colors go by the system.
}
