// Preloaded with `--require`. Sets the clock of this process FERMATA_TEST_SKEW_MS ahead of the machine's clock.
const skew = Number(process.env.FERMATA_TEST_SKEW_MS ?? 0);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skew);
    else super(...args);
  }

  static now() {
    return RealDate.now() + skew;
  }
};
