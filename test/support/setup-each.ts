// Tests use real servers on two cores. A step that takes milliseconds alone may take seconds while another test file
// runs.
jest.setTimeout(180_000);
