module.exports = { images: { unoptimized: true } }; // expect
