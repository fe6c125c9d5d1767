export function NewAutomation() {
  return null;
}
export function EditAutomation() {
  return null;
}
