from math import sqrt

def main(n):
    return sqrt(n)

print(main(16))
