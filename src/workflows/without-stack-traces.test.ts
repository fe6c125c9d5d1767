describe('the first module of the worker bundle', () => {
  it('turns off stack traces, which take half of the time of workflow code', () => {
    const { stackTraceLimit } = Error;
    try {
      jest.isolateModules(() => void jest.requireActual('./without-stack-traces'));
      expect(new Error('x').stack).toBe('Error: x');
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});
