describe('the first module of the bundle of workers', () => {
  it('turns stack traces off, which take half of the time of workflow code', () => {
    const { stackTraceLimit } = Error;
    try {
      jest.isolateModules(() => void jest.requireActual('./without-stack-traces'));
      expect(new Error('x').stack).toBe('Error: x');
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});
