import { z } from 'zod';
import { MAX_PACKAGES, packagesProblem } from './packages';
import { isRefusedVariable, MAX_VARIABLES, VARIABLE_NAME } from './variable-names';

const Name = z
  .string()
  .regex(VARIABLE_NAME, 'must be the name of a variable')
  .refine((name) => !isRefusedVariable(name), 'is a variable that loaders, shells or runtimes act on; it is refused');

/** Environment variables of a script. Numbers and booleans are converted to text. */
export const ScriptEnv = z
  .record(Name, z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .refine((env) => Object.keys(env).length <= MAX_VARIABLES, `must not have more than ${MAX_VARIABLES} variables`);

/** Packages of a script. Each name may appear once. */
export const PackageList = z
  .array(z.string().min(1).max(320))
  .max(MAX_PACKAGES)
  .superRefine((specs, context) => {
    const problem = packagesProblem(specs);
    if (problem !== null) context.addIssue(problem);
  });
