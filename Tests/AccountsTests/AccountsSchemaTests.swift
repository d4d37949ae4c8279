import Storage
import Testing

@testable import Accounts

@Suite struct AccountsSchemaTests {
    @Test func `the migrations keep the rules`() {
        #expect(MigrationLint.findings(in: [AccountsSchema.module]).map(\.description) == [])
    }
}
