const app = express();
app.use(compression());
