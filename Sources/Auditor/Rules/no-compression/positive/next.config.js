module.exports = { compress: false }; // expect
