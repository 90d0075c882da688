nobody(x)?
parent("ann", y)?
?- parent("eve", x)
