export interface StorageProvider {
  upload(path: string, body: Blob): Promise<string>;
  remove(path: string): Promise<void>;
}
