import NIOSSL

/// A certificate for `localhost` that signs itself, and its key: nobody trusts it who is not told to.
public enum TestCertificate {
    /// The certificate in PEM, valid from 2020 to 2120.
    public static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIBdzCCARygAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCBjVjwSihyiiNAj
        GCiT2C3OTk3pzn2Kw6xg/AH4P16Ks4nYIuKFM9UoH74J0GHnMqvNCjUhjJ2E/g3e
        tkKqt6ijXTBbMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0
        MBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBSLJRG++e38VF+YLsaJzFpg
        NOsWqDAKBggqhkjOPQQDAgNJADBGAiEA744hCRsOXcxI0uxvxIHUqruZqgTu5n/C
        fUHxtm/tPvcCIQDZGJicbINsZaXB6CG1cm8MatjZpmPGY3MsALs3ujq8Rg==
        -----END CERTIFICATE-----
        """

    /// The key belongs to no machine and protects nothing.
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeC1NKKFoea4qmxZ6
        RJlzEEeL3VqhIgkRpZoa7KayiFOhRANCAAQgY1Y8EoocoojQIxgok9gtzk5N6c59
        isOsYPwB+D9eirOJ2CLihTPVKB++CdBh5zKrzQo1IYydhP4N3rZCqreo
        -----END PRIVATE KEY-----
        """

    static func context() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map(NIOSSLCertificateSource.certificate)
        let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: certificates, privateKey: .privateKey(key)))
    }
}
