emitter.listen('x');
