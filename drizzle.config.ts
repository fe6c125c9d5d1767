import { defineConfig } from 'drizzle-kit';

/** Settings for drizzle's tools (`npx drizzle-kit studio`). Migrations are written manually and applied by `fermata migrate`. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/tables/*.ts',
  out: './drizzle',
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
});
