import Base
import Storage

/// The table of files by which clips are played, each with the number of clips that use it.
///
/// A file is named after its content, so that two clips of the same bytes share it. Who wants to write one raises its
/// count first; who gives up the last use takes the row away and deletes the file while the row is locked. Whatever the
/// order of the two, a file that is used is there.
struct MediaFileStore: Sendable {
    func claim(_ name: String, at now: Timestamp, through writing: some Writing, in tenant: Tenant)
        async throws(StorageError)
    {
        try await writing.execute(
            "mediaFile.claim",
            """
            INSERT INTO media_files AS f (tenant_id, name, uses, created_at) VALUES (\(tenant), \(name), 1, \(now))
            ON CONFLICT (tenant_id, name) DO UPDATE SET uses = f.uses + 1
            """)
    }

    /// Gives up one use; returns whether it was the last one, and the row is gone.
    func release(_ name: String, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await writing.execute(
            "mediaFile.release",
            "UPDATE media_files SET uses = uses - 1 WHERE tenant_id = \(tenant) AND name = \(name) AND uses > 0")
        return try await writing.execute(
            "mediaFile.remove",
            "DELETE FROM media_files WHERE tenant_id = \(tenant) AND name = \(name) AND uses = 0") == 1
    }
}
