import Foundation
public import StorageTestKit

extension Backend {
    /// The engines to test on: all of them, or SQLite alone when `CAPSTAN_TEST_ENGINES` is `sqlite`.
    public static let all: [Backend] =
        ProcessInfo.processInfo.environment["CAPSTAN_TEST_ENGINES"] == "sqlite"
        ? [.sqlite] : [.sqlite, .postgres, .pgbouncer]
}
