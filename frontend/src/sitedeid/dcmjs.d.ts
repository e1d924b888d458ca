declare module "dcmjs" {
  /** One attribute as dcmjs reads it: values of its VR, items of a sequence as data sets. */
  export interface ReadElement {
    vr: string;
    Value?: unknown[];
  }
  export type ReadDataSet = Record<string, ReadElement>;
  export const data: {
    DicomMessage: {
      readFile(buffer: ArrayBuffer, options?: { ignoreErrors?: boolean }): { meta: ReadDataSet; dict: ReadDataSet };
    };
  };
  export const log: { setLevel(level: string): void };
}
