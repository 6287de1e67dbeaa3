/** Packages that the bundle leaves in node_modules: they bring binaries, or files that are read from their folder. */
export const LEFT_IN_PLACE = ['libsql', 'sharp', '@node-rs/argon2', 'swagger-ui-dist'];
