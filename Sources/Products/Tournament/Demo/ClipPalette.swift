/// Colours that were chosen together: sky above and below, three distances, the light, a note of contrast.
struct ClipPalette: Sendable {
    let skyTop: String
    let skyBottom: String
    let far: String
    let middle: String
    let near: String
    let light: String
    let note: String

    private init(_ colours: String) {
        let parts = colours.split(separator: " ").map { "#" + $0 }
        precondition(parts.count == 7, "a palette has seven colours, not \(parts.count)")
        (skyTop, skyBottom, far, middle) = (parts[0], parts[1], parts[2], parts[3])
        (near, light, note) = (parts[4], parts[5], parts[6])
    }

    static let all = [
        ClipPalette("0b1d3a 3f6c8f 234b6e 16324f 0a1a2c ffe9b0 e2603b"),
        ClipPalette("f6b26b fde3c0 d98555 9c4a3c 4a2030 fff4d6 2f6f7e"),
        ClipPalette("1a1233 7a3b69 4c2a5a 2d1a40 150b22 ffd9a0 f07c5a"),
        ClipPalette("a7d3d8 eef3e6 7fb0ac 3f7c80 1d4a52 ffffff e9793d"),
        ClipPalette("20263a 58627e 3d465f 272d42 12151f f2e7c9 d94f4f"),
        ClipPalette("e8573f f9b36a a83a3c 66263a 2b1226 ffe7b8 1f5f6b"),
        ClipPalette("12343b 2d7f78 1f5a5a 123c40 07191c e5f6d8 f0a83c"),
        ClipPalette("f3d9c9 fbf1e4 d8a48f a26769 582c4d fffaf0 3a7d8c"),
        ClipPalette("02111b 1c5d78 0f3d55 082a3d 030d14 bdf0ff ff7f51"),
        ClipPalette("ffcf70 fff0c9 ef9b4a c2562d 5e2622 ffffff 27476e"),
        ClipPalette("2b2d42 8d99ae 5c677d 3d4459 1c1e2e edf2f4 ef5350"),
        ClipPalette("143109 6a9a4d 43752f 285219 122a0b f4f3c8 f2a541"),
        ClipPalette("48304d c98bab 8d5a83 5f3c66 2a1a30 ffe6f0 f4b942"),
    ]
}
