const app = express(); // expect
app.listen(3000);
