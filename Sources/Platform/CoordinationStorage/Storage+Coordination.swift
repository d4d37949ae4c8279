import Coordination
import Storage

extension Storage {
    /// Writes of one name follow each other; those of different keys need not.
    func coordinationWriter(of key: String) -> Writer {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return writer(bypassingTenant: CoordinationSchema.capability, stripe: Int(truncatingIfNeeded: hash % 64))
    }

    /// Does something with storage's errors in the words of the contracts.
    func coordinating<Result>(
        _ body: (Storage) async throws(StorageError) -> Result
    ) async throws(CoordinationError) -> Result {
        do { return try await body(self) } catch {
            throw CoordinationError(
                .unavailable, "The database did not do what was asked (\(error.code.rawValue)).",
                context: error.context, underlying: error)
        }
    }
}
