// Real servers on two cores: a step that takes milliseconds alone may take seconds beside another test file.
jest.setTimeout(180_000);
