import Base
import Foundation
public import Outbound

extension OutboundOptions {
    private static let trustFile: Result<String, any Error> = Result {
        let id = ID<TestCertificate>(at: SystemClock().now(), using: SystemRandomness())
        let file = FileManager.default.temporaryDirectory.appending(path: "capstan-trust-\(id).pem")
        try TestCertificate.pem.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    /// Options that let peers of this kit be called, and trust their certificate.
    public static func trustingPeers() throws -> OutboundOptions {
        guard let rule = AddressRule(allowing: ["127.0.0.1", "localhost"]) else {
            preconditionFailure("an address and a name are entries")
        }
        return OutboundOptions(rule: rule, trustFile: try trustFile.get())
    }
}
