import { assertServerSupportsDeployments, versioningOptions } from './versioned-worker';

describe('worker versioning', () => {
  it('is refused on a server before 1.28, and the error names its version', () => {
    const refused = /FERMATA_DEPLOYMENT_NAME\) needs a Temporal server 1\.28 or newer; this one is/;
    for (const version of ['1.27.9', '1.4.0', '0.99.0']) {
      expect(() => assertServerSupportsDeployments(version)).toThrow(refused);
      expect(() => assertServerSupportsDeployments(version)).toThrow(version);
    }
    expect(() => assertServerSupportsDeployments('')).toThrow(/of an unknown version/);
  });

  it('is accepted on newer servers and on Temporal Cloud', () => {
    for (const version of ['1.28.0', '1.32.0', '1.29.0-150.2', 'v2.0.0']) {
      expect(() => assertServerSupportsDeployments(version)).not.toThrow();
    }
  });

  it('is off without a deployment, and otherwise moves open runs to the current build', () => {
    expect(versioningOptions(undefined)).toEqual({});
    expect(versioningOptions({ name: 'ops', buildId: 'b1' })).toEqual({
      workerDeploymentOptions: {
        version: { deploymentName: 'ops', buildId: 'b1' },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'AUTO_UPGRADE',
      },
    });
  });
});
