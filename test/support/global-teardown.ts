/** Ends the services that `global-setup.ts` started. */
export default async function globalTeardown(): Promise<void> {
  await Promise.all((globalThis.fermataTestServices ?? []).map((service) => service.destroy()));
}
